/** The look of our own pages: one card in the middle, light and dark, from a phone's width up. */
export const style = `
:root { color-scheme: light dark; --page: #f4f5f7; --card: #fff; --text: #1c2330; --faint: #5b6472; --line: #e1e4ea; --accent: #2f5bd7; --on-accent: #fff }
@media (prefers-color-scheme: dark) { :root { --page: #12151b; --card: #1b2029; --text: #e8ebf1; --faint: #a3adbb; --line: #303845; --accent: #7ea2ff; --on-accent: #0d1220 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: clamp(1rem, 4vw, 1.5rem); background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 30rem; padding: clamp(1.5rem, 6vw, 2rem); background: var(--card); border: 1px solid var(--line); border-radius: 14px }
h1 { margin: 0 0 .5rem; font-size: 1.4rem; line-height: 1.25; overflow-wrap: anywhere; text-wrap: balance }
p { margin: 0 0 1.5rem; color: var(--faint); overflow-wrap: anywhere; text-wrap: pretty }
form { margin: 0 }
nav { display: flex; flex-wrap: wrap; gap: .75rem }
button, .button { display: inline-block; padding: .6rem 1.2rem; border: 0; border-radius: 9px; background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; text-decoration: none; cursor: pointer }
button:focus-visible, .button:focus-visible, summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px }
details { margin-top: 1.75rem; border-top: 1px solid var(--line); padding-top: 1rem; color: var(--faint); font-size: .9rem }
summary { cursor: pointer; width: max-content }
dl { margin: 1rem 0 0; display: grid; gap: .75rem }
dt { color: var(--text); font-weight: 600; display: flex; justify-content: space-between; gap: 1rem; overflow-wrap: anywhere }
dt span { font-weight: 400; white-space: nowrap }
dd { margin: 0 }
`
