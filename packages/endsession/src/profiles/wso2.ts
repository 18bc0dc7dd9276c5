import { documentation, type KnownProvider } from './known-provider.ts'

const logout = 'WSO2 Identity Server docs, Add logout'

export const wso2: KnownProvider = {
  name: 'wso2',
  title: 'WSO2 Identity Server',
  issuers: [],
  facts: {
    idTokenHint: documentation('recommended', `${logout}: this or client_id`),
    sendClientId: documentation(true, logout),
    redirectParameter: documentation('post_logout_redirect_uri', logout),
    echoesState: documentation(true, logout),
    logoutTokenHasExp: documentation(true, 'WSO2 Identity Server, its issues'),
  },
  offers: { endSession: documentation(true, logout) },
  toDo: [
    documentation('Add {loggedOut} to the authorized redirect URLs.', logout),
    documentation(
      'Versions up to 5.8 send logout tokens under another name (logoutToken), and are answered 400 here.',
      'WSO2 Identity Server, issue 3914',
    ),
  ],
  unconfirmed: [
    'Its docs say to POST a long ID token; whether its cookie goes along with a POST from another site is not known.',
    'Revocation, back-channel and front-channel logout depend on the version.',
  ],
}
