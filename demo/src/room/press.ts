import type { IncomingMessage } from 'node:http'
import type { Scope } from 'endsession'
import { readForm } from '../servers/form.ts'
import type { Press } from './state.ts'
import { isWhatIf } from './switches.ts'

const scopes: readonly string[] = ['app', 'provider', 'everywhere'] satisfies readonly Scope[]

/** Which button it was; nothing: none that there is. */
export async function readPress(request: IncomingMessage): Promise<Press | undefined> {
  const form = await readForm(request).catch(() => new URLSearchParams())
  if (form.has('reset')) return { reset: true }
  const whatIf = form.get('whatIf')
  if (whatIf !== null) return isWhatIf(whatIf) ? { whatIf } : undefined
  const button = Number(form.get('button'))
  if (button === 1 || button === 2 || button === 3 || button === 5) return { button }
  const scope = form.get('scope') || 'provider'
  return button === 4 && scopes.includes(scope) ? { button, scope: scope as Scope } : undefined
}
