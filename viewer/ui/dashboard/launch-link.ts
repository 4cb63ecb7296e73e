/** @returns the token of `#token=…`, and the address without it */
export function tokenIn(hash: string): { readonly token: string; readonly rest: string } | undefined {
  const [, token, rest = ''] = /^#\/?token=([\w.~+/=-]+?)(?:&(.*))?$/.exec(hash) ?? []
  return token === undefined ? undefined : { token, rest: rest === '' ? '#/runs' : `#/${rest.replace(/^\/+/, '')}` }
}
