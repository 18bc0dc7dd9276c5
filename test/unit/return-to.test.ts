import { describe, expect, it } from 'vitest'
import { safeReturnTo } from '../../packages/endsession/src/web/return-to.ts'

const origin = 'https://mail.example'
const trusted = ['https://www.example', 'http://localhost:5173']
const read = (value: string | undefined) => safeReturnTo(value, origin, trusted)

describe('safeReturnTo', () => {
  it.each([
    ['/', '/'],
    ['/inbox?folder=a&b=//evil.example#x', '/inbox?folder=a&b=//evil.example#x'],
    ['inbox', '/inbox'],
    ['?q=1', '/?q=1'],
    ['https://mail.example/inbox', '/inbox'],
    ['HTTPS://MAIL.EXAMPLE:443/inbox', '/inbox'],
    ['https:inbox', '/inbox'],
    ['/@evil.example', '/@evil.example'],
    ['/%2F%2Fevil.example', '/%2F%2Fevil.example'],
    ['/\u00fcn\u00efcode', '/%C3%BCn%C3%AFcode'],
    ['\uff0f\uff0fevil.example', '/%EF%BC%8F%EF%BC%8Fevil.example'],
    ['/a/../b', '/b'],
    ['/.//evil.example', '//evil.example'],
  ])('[A11] %s stays here', (value, path) => {
    expect(read(value)).toBe(origin + path)
  })

  it('[A11] an allowed origin is allowed, exactly', () => {
    expect(read('https://www.example/page')).toBe('https://www.example/page')
    expect(read('http://localhost:5173/')).toBe('http://localhost:5173/')
  })

  it.each([
    undefined,
    '//evil.example',
    '///evil.example',
    '////evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '\\/evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
    '  //evil.example',
    '/in\rbox',
    '/in\u0000box',
    '/in\u007fbox',
    'http://mail.example/',
    'http:evil.example',
    'https://evil.example/',
    'https://mail.example.evil.example/',
    'https://mail.example:8443/',
    'https://mail.example@evil.example/',
    'https://mail.example\uff20evil.example/',
    'https://evil.example#@mail.example',
    'https://evil.example\\@mail.example',
    'https://alice:secret@mail.example/',
    'https://www.example.evil/',
    'https://sub.www.example/',
    'http://www.example/',
    'http://localhost:5174/',
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'blob:https://mail.example/2f4c9b1e-0000-4000-8000-000000000000',
    'filesystem:https://mail.example/temporary/x',
    'about:blank',
    'mail:inbox',
    'https://',
    'http://[',
    `/${'x'.repeat(2048)}`,
  ])('[A11] %j leads nowhere', (value) => {
    expect(read(value)).toBeUndefined()
  })
})
