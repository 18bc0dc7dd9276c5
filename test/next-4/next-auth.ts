import { createRequire } from 'node:module'
import type * as Auth from '../../packages/endsession/node_modules/next-auth-4/index.js'
import type * as Jwt from '../../packages/endsession/node_modules/next-auth-4/jwt/index.js'
import type * as Middleware from '../../packages/endsession/node_modules/next-auth-4/middleware.js'
import type * as KeycloakProvider from '../../packages/endsession/node_modules/next-auth-4/providers/keycloak.js'
import { next } from '../next/next-request.ts'
import { cookiesOf } from './routers.ts'

export type { AuthOptions, Session } from '../../packages/endsession/node_modules/next-auth-4/index.js'

/** Version 4 stands beside the library; to everybody else here `next-auth` is version 5. */
const load = createRequire(new URL('../../packages/endsession/package.json', import.meta.url))

const auth = load('next-auth-4')
export const NextAuth: (typeof Auth)['default']['default'] = auth.default
export const getServerSession: (typeof Auth)['getServerSession'] = auth.getServerSession
export const { decode, encode, getToken }: typeof Jwt = load('next-auth-4/jwt')
export const { withAuth }: typeof Middleware = load('next-auth-4/middleware')
export const Keycloak: (typeof KeycloakProvider)['default']['default'] = load('next-auth-4/providers/keycloak').default

/** In place of `next/headers`: version 4 requires it when a server component asks. */
const path = createRequire(load.resolve('next-auth-4')).resolve('next/headers')
const cookies = async () => ({
  getAll: () => Object.entries(cookiesOf(next.headers.get('cookie'))).map(([name, value]) => ({ name, value })),
})
load.cache[path] = Object.assign(Object.create(null), {
  id: path,
  filename: path,
  loaded: true,
  exports: { headers: async () => next.headers, cookies },
})
