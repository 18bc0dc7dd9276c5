/** One Keycloak for all: it takes longer to start than any of the cases. */
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { keycloakVersion, neededKeycloak } from '../../servers/src/keycloak.ts'
import { describeAdmins } from './admins.ts'
import { describeBrokered } from './brokered.ts'
import { describeCrashes } from './crashes.ts'
import { describeHints } from './hints.ts'
import { describeLogouts } from './logouts.ts'
import { makeSetting, type Setting } from './setting.ts'
import { describeTokens } from './tokens.ts'

describe(`Keycloak ${keycloakVersion}`, neededKeycloak, () => {
  let setting: Setting | undefined
  const at = () => setting as Setting

  beforeAll(async () => {
    setting = await makeSetting()
  })
  afterEach(() => setting?.clear())
  afterAll(() => setting?.close())

  describeLogouts(at)
  describeHints(at)
  describeAdmins(at)
  describeTokens(at)
  describeBrokered(at)
  describeCrashes(at)
})
