import { documentation, type KnownProvider } from './known-provider.ts'

const docs = 'GitLab docs, GitLab as OpenID Connect identity provider'

export const gitlab: KnownProvider = {
  name: 'gitlab',
  title: 'GitLab',
  issuers: ['gitlab.com/'],
  facts: { revocation: documentation('standard', docs) },
  offers: {
    endSession: documentation(false, docs),
    revocation: documentation(true, docs),
    backchannel: documentation(false, docs),
    frontchannel: documentation(false, docs),
  },
  toDo: [],
  unconfirmed: ['What revoking one refresh token takes along was not tried.'],
}
