/** What --fail-on can look for besides `any` and `failed`. */
export const findingCodes: readonly string[] = [
  'CACHE001', 'CACHE002', 'CACHE003', 'CACHE004', 'CACHE005', 'COST001', 'CTX001', 'CTX002', 'CTX003', 'CTX004',
  'CTX005', 'EMB001', 'ERR001', 'LLM001', 'LLM002', 'LLM003', 'PAR001', 'PAR002', 'PAR003', 'PAR004', 'PAR005',
  'PAR006', 'REP001', 'REP002', 'REP003', 'RETRY001', 'RETRY002', 'TOOL001', 'TOOL002',
]
