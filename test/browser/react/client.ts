import { createElement, StrictMode } from 'react'
import { hydrateRoot } from 'react-dom/client'
import { App } from './app.ts'

const root = document.getElementById('root') as HTMLElement
const report = (error: unknown) => console.error('hydration:', error)
hydrateRoot(root, createElement(StrictMode, null, createElement(App, { person: root.dataset['person'] ?? '' })), {
  onRecoverableError: report,
})
// Effects have run: the page is alive.
setTimeout(() => root.setAttribute('data-alive', ''))
