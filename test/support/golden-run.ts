import type { Analysis, Trace } from 'spanwise'
import { analyze } from 'spanwise'
import { draw } from '../draw.ts'

/** The run that the goldens of all formats show: turns, parallel tools, a retry, a failure, late and open work. */
export const goldenTrace: Trace = draw(`
  support-agent 0-4820
    load_memory 2-172 memory
    plan 175-787 llm model=gpt-5-mini answered=gpt-5-mini-2025-08-07 in=1204 out=86 first=455 last=780 asks=search_kb#c1,get_orders#c2 parts=system:2400,user:180
    search_kb 790-1220 tool call=c1 by=plan
      embed 792-850 embedding model=text-embedding-3-small op=embeddings in=12
      vector_search 850-1180 retrieval
    get_orders 1221-1531 tool call=c2 by=plan failed=TimeoutError:orders_took_too_long
    answer 1705-2890 llm model=gpt-5-mini answered=gpt-5-mini-2025-08-07 in=3850 cached=1152 out=142 reasoning=64 first=2540 last=2880 attempts=1705-2205:429,2260-2890:200 carries=c1,c2
    check_stock 2892-3150 tool app.sku=A-17 app.count=3
    price_quote 2893-2990 tool
    review 3992-4790 llm provider=anthropic model=claude-haiku-4-5 in=7940 cached=7000 written=500 out=677 first=4402 last=4780
    draft 4791-4800 llm model=house-model state=cancelled
    save_memory 4801-4818 memory
    log 4810-4830 internal
    watch 4812- internal
`, { service: 'support', tags: { branch: 'main' }, overheadNs: 400_000 })

export const goldenAnalysis: Analysis = analyze(goldenTrace)
