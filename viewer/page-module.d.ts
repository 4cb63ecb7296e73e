/** The built page, which bundle.js and the tests' setup put in its place: see viewer/build.js. */
declare module 'spanwise-page' {
  /** Unpacks the script. */
  export const start: string
  /** Gzip, in base64. */
  export const script: string
  export const style: string
  /** `sha256-…`, for the content security policy. */
  export const hashes: { readonly start: string; readonly script: string; readonly style: string }
}
