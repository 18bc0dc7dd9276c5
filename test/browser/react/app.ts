import { LogoutButton, SessionWatch, useLogout } from 'endsession/react'
import { createElement, type ReactNode } from 'react'

/** The same on the server and in the browser. */
export function App({ person }: { person: string }): ReactNode {
  return createElement(
    'main',
    null,
    createElement('h1', null, `Inbox of ${person}`),
    createElement(LogoutButton, { action: '/auth/logout', className: 'quiet', returnTo: '/elsewhere' }, 'Log out'),
    createElement(LogoutButton, { action: '/auth/logout', scope: 'app' }),
    createElement(Menu),
    createElement(SessionWatch, { path: '/auth', signedIn: true }),
  )
}

function Menu(): ReactNode {
  const logOut = useLogout('/auth')
  const click = () => logOut({ scope: 'app', returnTo: '/elsewhere' })
  return createElement('button', { type: 'button', onClick: click }, 'Leave by the menu')
}
