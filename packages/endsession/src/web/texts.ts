export type TextKey =
  | 'language'
  | 'someProvider'
  | 'confirmTitle'
  | 'confirmApp'
  | 'confirmProvider'
  | 'confirmEverywhere'
  | 'confirmButton'
  | 'leavingTitle'
  | 'leavingSentence'
  | 'leavingButton'
  | 'signedOutTitle'
  | 'signedOutApp'
  | 'signedOutAsked'
  | 'signedOutEnded'
  | 'signedOutUnsure'
  | 'signedOutAlive'
  | 'signOutThereButton'
  | 'signInButton'
  | 'notSignedInTitle'
  | 'notSignedInSentence'
  | 'stillSignedInTitle'
  | 'stillSignedInSentence'
  | 'failedTitle'
  | 'failedSentence'
  | 'failedButton'
  | 'chooseTitle'
  | 'chooseSentence'
  | 'loginFailedTitle'
  | 'loginFailedSentence'
  | 'loginDeclinedSentence'
  | 'freshTitle'
  | 'freshSentence'
  | 'providerDownTitle'
  | 'providerDownSentence'
  | 'storeDownTitle'
  | 'storeDownSentence'
  | 'authDisabledTitle'
  | 'authDisabledSentence'
  | 'retryButton'
  | 'homeButton'
  | 'refusedTitle'
  | 'refusedSentence'
  | 'details'
  | 'layerBrowser'
  | 'layerApp'
  | 'layerTokens'
  | 'layerServices'
  | 'layerPeers'
  | 'layerProvider'
  | 'layerUpstream'
  | 'outcomeEnded'
  | 'outcomeRequested'
  | 'outcomeUnknown'
  | 'outcomeImpossible'
  | 'outcomeFailed'
  | 'outcomeSkipped'

export type Texts = Readonly<Record<TextKey, string>>

/**
 * Every sentence that our pages show. `{app}` becomes the app's host name and `{provider}` the provider's.
 * One headline, one sentence, one button: what else there is to say is folded under "Details".
 */
export const defaultTexts: Texts = {
  language: 'en',
  someProvider: 'the provider',
  confirmTitle: 'Log out of {app}?',
  confirmApp: 'This ends your session here. One click signs you back in.',
  confirmProvider: 'This ends your session here and at {provider}.',
  confirmEverywhere: 'This ends your sessions here on all your devices, and the one at {provider}.',
  confirmButton: 'Log out',
  leavingTitle: 'Logging out…',
  leavingSentence: 'You are signed out of {app}. Now on to {provider}, to sign out there.',
  leavingButton: 'Continue',
  signedOutTitle: 'You are signed out of {app}',
  signedOutApp: 'Your login at {provider} goes on.',
  signedOutAsked: '{provider} was asked to sign you out, too.',
  signedOutEnded: 'Your login at {provider} is over, too.',
  signedOutUnsure: '{provider} may still know you on this computer.',
  signedOutAlive: '{provider} still knows you on this computer.',
  signOutThereButton: 'Sign out there',
  signInButton: 'Sign in',
  notSignedInTitle: 'You are not signed in to {app}',
  notSignedInSentence: 'There is no session in this browser.',
  stillSignedInTitle: 'You are still signed in to {app}',
  stillSignedInSentence: 'Nothing has ended. Log out if you want to leave.',
  failedTitle: 'The server has not confirmed your logout',
  failedSentence:
    'This browser is signed out of {app}, but your session may still be alive. This page tries again by itself.',
  failedButton: 'Try again',
  chooseTitle: 'Sign in to {app}',
  chooseSentence: 'Where do you want to sign in?',
  loginFailedTitle: 'Signing in did not work',
  loginFailedSentence: 'Nothing has happened. You can try again.',
  loginDeclinedSentence: '{provider} did not sign you in. You can try again.',
  freshTitle: 'Please sign in once more',
  freshSentence:
    'You were logged out, and {provider} signed you in without asking. Please sign in again, so that it asks who you are.',
  providerDownTitle: 'The sign-in service does not answer',
  providerDownSentence: 'Nothing has happened. Please try again in a moment.',
  storeDownTitle: 'This does not work right now',
  storeDownSentence: 'Nothing has happened. Please try again in a moment.',
  homeButton: 'Go to {app}',
  authDisabledTitle: 'There is no login here',
  authDisabledSentence: 'Authentication is disabled: everybody is in, and nobody can be logged out.',
  retryButton: 'Try again',
  refusedTitle: 'This request was refused',
  refusedSentence: 'Nothing has happened. Please go back to {app} and try from there.',
  details: 'Details',
  layerBrowser: 'This browser',
  layerApp: 'Session',
  layerTokens: 'Tokens',
  layerServices: 'Services',
  layerPeers: 'Other apps',
  layerProvider: '{provider}',
  layerUpstream: 'Behind {provider}',
  outcomeEnded: 'ended',
  outcomeRequested: 'asked for',
  outcomeUnknown: 'unknown',
  outcomeImpossible: 'not possible',
  outcomeFailed: 'failed',
  outcomeSkipped: 'left alone',
}
