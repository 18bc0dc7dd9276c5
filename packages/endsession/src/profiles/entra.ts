import { generic } from './generic.ts'
import type { Profile } from './profile.ts'

export const entra: Profile = Object.freeze({
  ...generic,
  name: 'entra',
  // `auth_time` is an optional claim of the registration: whoever has added it sets `max_age` here.
  authTime: 'never',
  // There is no RFC 7009.
  revocation: 'none',
})
