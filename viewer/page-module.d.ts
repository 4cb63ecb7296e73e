/** The built page, which bundle.js and the tests' setup put in its place: see viewer/build.js. */
declare module 'spanwise-page' {
  /** Of the one inline script and the one style sheet. */
  export const script: string
  export const style: string
  /** `sha256-…` of each, for the content security policy. */
  export const scriptHash: string
  export const styleHash: string
}
