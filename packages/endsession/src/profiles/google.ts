import { generic } from './generic.ts'
import type { Profile } from './profile.ts'

export const google: Profile = Object.freeze({
  ...generic,
  name: 'google',
  // One token revoked takes away all that the person has granted this client, on every device.
  revocationReach: 'person',
  revocationCoversAccessToken: true,
  // It knows no `prompt=login`, no `max_age`, and says no `auth_time`.
  authTime: 'never',
  interactive: Object.freeze({ prompt: 'select_account' }),
})
