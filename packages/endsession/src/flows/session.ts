import type { App } from '../app.ts'
import { findSession } from '../current.ts'
import { refuseStrangers, tabHeaders } from '../web/tabs.ts'

/** Long enough that no two people of one app share it. */
const personLength = 22

/**
 * `GET session`: what an open tab asks: is anybody signed in, and still the one whom it was made for? Writes nothing, so it
 * counts as no visit. `person` is a name that tells nobody who it is, and is the same in all of a person's sessions. Both
 * answers are 200: by a status code other sites could read them. Throws ERR_STORE, which is neither answer.
 */
export async function tellSession(app: App, request: Request): Promise<Response> {
  refuseStrangers(request, app.options.origin)
  const stored = await findSession(app, request)
  if (!stored) return Response.json({ signedIn: false }, { headers: tabHeaders })
  const { iss, client, sub } = stored
  const person = app.sealer.tag('person', JSON.stringify([iss, client, sub])).slice(0, personLength)
  return Response.json({ signedIn: true, person }, { headers: tabHeaders })
}
