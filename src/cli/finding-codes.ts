/** What --fail-on can look for besides `any` and `failed`. */
export const findingCodes: readonly string[] = ['CTX001', 'ERR001', 'LLM001', 'PAR001', 'PAR002', 'RETRY001', 'TOOL001', 'TOOL002']
