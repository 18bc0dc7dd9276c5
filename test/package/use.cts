// The same from CommonJS: the package is ESM, and Node requires it.
import endsession = require('endsession')

export const store: endsession.Store = endsession.memoryStore()
export const layers: readonly endsession.Layer[] = ['browser', 'app']
