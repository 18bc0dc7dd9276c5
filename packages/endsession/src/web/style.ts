/** The look of our own pages: one card, light and dark, from a phone's width up. An outcome is a mark and a word, then a colour. */
export const style = `
:root { color-scheme: light dark; --page: #f1f3f7; --card: #fff; --text: #1c2330; --faint: #5b6472; --line: #e1e4ea; --accent: #2f5bd7; --on-accent: #fff; --good: #1a6843; --bad: #b01e18 }
@media (prefers-color-scheme: dark) { :root { --page: #12151b; --card: #1b2029; --text: #e8ebf1; --faint: #a3adbb; --line: #303845; --accent: #8caaff; --on-accent: #0d1220; --good: #7dd6a6; --bad: #ff9f96 } }
* { box-sizing: border-box }
body { margin: 0; padding: clamp(1rem, 14vh, 9rem) 1rem 1rem; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 30rem; margin: 0 auto; padding: clamp(1.25rem, 6vw, 2rem); background: var(--card); border: 1px solid var(--line); border-radius: 14px; box-shadow: 0 1px 2px #0000000a, 0 10px 30px #0000000f }
h1 { margin: 0 0 .5rem; font-size: 1.4rem; line-height: 1.25; overflow-wrap: anywhere; text-wrap: balance }
p { margin: 0 0 1.5rem; color: var(--faint); overflow-wrap: anywhere; text-wrap: pretty }
form { margin: 0 }
nav { display: flex; flex-wrap: wrap; gap: .75rem }
button, .button { display: inline-block; max-width: 100%; min-height: 44px; padding: .6rem 1.2rem; border: 0; border-radius: 9px; background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; overflow-wrap: anywhere; text-decoration: none; cursor: pointer }
button:hover, .button:hover { text-decoration: underline }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px }
details { margin-top: 1.75rem; border-top: 1px solid var(--line); padding-top: 1rem; color: var(--faint); font-size: .9rem }
summary { width: max-content; padding: .15rem 0; cursor: pointer }
dl { margin: .75rem 0 0 }
div { padding: .6rem 0; border-top: 1px solid var(--line) }
dt { display: flex; justify-content: space-between; gap: 1rem; color: var(--text); font-weight: 600; overflow-wrap: anywhere }
dt span { flex: none; font-weight: 500 }
dt span::before { margin-right: .4em }
.ended { color: var(--good) }
.ended::before { content: "✓" }
.requested::before { content: "→" }
.unknown::before { content: "?" }
.impossible::before { content: "–" }
.skipped::before { content: "·" }
.failed { color: var(--bad) }
.failed::before { content: "✕" }
dd { margin: 0; text-wrap: pretty }
small { display: block; color: var(--text); overflow-wrap: anywhere }
`
