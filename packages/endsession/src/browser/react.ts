'use client'

import { createElement, type FormEvent, type ReactNode, useCallback, useEffect, useRef, useState } from 'react'
import type { Scope } from '../words.ts'
import { announceLogout, type WatchOptions, watchSession } from './index.ts'

/** Where endsession's routes are under Auth.js; an app of its own has them at its `basePath`. */
const defaultPath = '/api/auth/endsession'

export interface LogoutButtonProps {
  /** `{basePath}/logout`. @default '/api/auth/endsession/logout' */
  readonly action?: string | undefined
  /** How far the logout reaches. @default the app's own default */
  readonly scope?: Scope | undefined
  /** Where to come out: a path of this app, or an allowed URL. @default the app's own landing page */
  readonly returnTo?: string | undefined
  /** Of the button. */
  readonly className?: string | undefined
  readonly children?: ReactNode
}

/** A form with one button: works before, and without, any JavaScript. With it a second click is none, and other tabs are told. */
export function LogoutButton({
  action = `${defaultPath}/logout`,
  scope,
  returnTo,
  className,
  children = 'Log out',
}: LogoutButtonProps): ReactNode {
  const [sent, setSent] = useState(false)
  useEffect(() => {
    // Back on this page, because the logout did not come to an answer.
    const again = () => setSent(false)
    addEventListener('pageshow', again)
    return () => removeEventListener('pageshow', again)
  }, [])
  useEffect(() => {
    if (!sent) return
    const timer = setTimeout(() => setSent(false), againMilliseconds)
    return () => clearTimeout(timer)
  }, [sent])
  const send = (event: FormEvent) => {
    if (sent) return event.preventDefault()
    setSent(true)
    announceLogout(pathOf(action))
  }
  return createElement(
    'form',
    { method: 'post', action, onSubmit: send },
    scope && createElement('input', { type: 'hidden', name: 'scope', value: scope }),
    returnTo && createElement('input', { type: 'hidden', name: 'returnTo', value: returnTo }),
    createElement('button', { type: 'submit', className, disabled: sent }, children),
  )
}

/** `watchSession` while it is on the page. `path` is `'/api/auth/endsession'` unless you say otherwise. Shows nothing. */
export function SessionWatch(options: WatchOptions): ReactNode {
  const latest = useRef(options)
  useEffect(() => {
    latest.current = options
  })
  const { path = defaultPath, signedIn, stream } = options
  const hasOwnEnd = options.onEnded !== undefined
  useEffect(() => {
    const onEnded = hasOwnEnd ? (show: () => void) => latest.current.onEnded?.(show) : undefined
    return watchSession({ path, signedIn, stream, onEnded, wipe: latest.current.wipe })
  }, [path, signedIn, stream, hasOwnEnd])
  return null
}

/**
 * A function that logs out like `LogoutButton`, for menus and shortcuts. It sends a form, and so leaves the page: the answer
 * is a page that moves on to the provider, which `fetch` could not do.
 */
export function useLogout(path: string = defaultPath): (wish?: { scope?: Scope; returnTo?: string }) => void {
  return useCallback(
    (wish = {}) => {
      announceLogout(path)
      const form = document.createElement('form')
      Object.assign(form, { method: 'post', action: `${path}/logout`, hidden: true })
      for (const [name, value] of Object.entries(wish)) {
        if (value !== undefined) form.append(Object.assign(document.createElement('input'), { name, value }))
      }
      document.body.append(form)
      form.submit()
    },
    [path],
  )
}

/** A logout that is not answered by then can be asked for again. */
const againMilliseconds = 10_000

const pathOf = (action: string) => action.replace(/\/logout$/, '')
