/** One sheet for all pages: light and dark, from phone width up. */
export const css = `
:root {
  color-scheme: light dark;
  --page: #f6f6f3; --card: #ffffff; --line: #dddcd5; --text: #1d1e20; --soft: #5c5e63;
}
.mail { --accent: #1f5fbf; }
.calendar { --accent: #1c7347; }
.provider { --accent: #6a3fb5; }
.acme { --accent: #b0451b; }
@media (prefers-color-scheme: dark) {
  :root { --page: #16171a; --card: #202226; --line: #383b41; --text: #ecedef; --soft: #a3a7ae; }
  .mail { --accent: #8db7ff; }
  .calendar { --accent: #74d3a0; }
  .provider { --accent: #c4a5ff; }
  .acme { --accent: #ffa27c; }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; border-top: 4px solid var(--accent);
}
header, main { max-width: 38rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.25rem; }
.site { margin: 0; color: var(--accent); font-weight: 600; }
h1 { margin: 1.5rem 0 1rem; font-size: 1.75rem; line-height: 1.2; text-wrap: balance; }
p { margin: 0 0 1rem; text-wrap: pretty; }
.soft { color: var(--soft); }
ul { list-style: none; margin: 0 0 1.5rem; padding: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
li { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .75rem 1rem; border-top: 1px solid var(--line); }
li:first-child { border-top: 0; }
li strong { flex: 0 0 10.5rem; }
li span { flex: 1 1 14rem; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; margin: 0 0 1.5rem; }
.actions form, .card form { margin: 0; }
button, .button {
  display: inline-block; padding: .6rem 1.1rem; border: 1px solid var(--accent); border-radius: 8px;
  background: transparent; color: var(--accent); font: inherit; font-weight: 600; text-decoration: none; cursor: pointer;
}
.primary { background: var(--accent); color: var(--card); }
button:hover, .button:hover { filter: brightness(1.1); text-decoration: underline; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.25rem; margin: 0 0 1.5rem; }
label { display: block; margin: 0 0 1rem; font-weight: 600; }
input {
  display: block; width: 100%; margin-top: .25rem; padding: .6rem .75rem; border: 1px solid var(--soft);
  border-radius: 8px; background: var(--page); color: var(--text); font: inherit;
}
.notice { padding: .75rem 1rem; background: var(--card); border: 1px solid var(--accent); border-radius: 10px; text-wrap: pretty; }
.wrong { border-left: 4px solid #c62f2f; padding-left: .75rem; }
code { font-family: ui-monospace, monospace; font-size: .92em; overflow-wrap: anywhere; }
`
