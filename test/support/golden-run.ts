import type { Analysis, Trace } from 'spanwise'
import { analyze } from 'spanwise'
import { draw } from '../draw.ts'

/** Names that a drawing cannot hold: what users, models and web pages write, and what readers of the formats could fall for. */
export const HOSTILE_NAMES: Readonly<Record<string, string>> = {
  formula: "=cmd|' /C calc'!A0",
  markup: '<script>alert("1")</script>',
  terminal: '\u001b[31mred\u001b[0m \u009b2J',
  table: 'a | `b` **c** @octocat #1',
  languages: '查询订单 🚚 naïve',
  lines: 'one;\r\ntwo\u0000\u202e',
  nothing: '',
}

const drawing: Trace = draw(`
  support-agent 0-4820
    load_memory 2-172 memory
    check_input 172-174 guardrail
    plan 175-787 llm model=gpt-5-mini answered=gpt-5-mini-2025-08-07 in=1204 out=86 first=455 last=780 asks=search_kb#c1,get_orders#c2 parts=system:2400,user:180
    search_kb 790-1220 tool call=c1 by=plan
      embed 792-850 embedding model=text-embedding-3-small op=embeddings in=12
      vector_search 850-1180 retrieval
    get_orders 1221-1531 tool call=c2 by=plan failed=TimeoutError:orders_took_too_long
    answer 1705-2890 llm model=gpt-5-mini answered=gpt-5-mini-2025-08-07 in=3850 cached=1152 out=142 reasoning=64 first=2540 last=2880 attempts=1705-2205:429,2260-2890:200 carries=c1,c2
    check_stock 2892-3150 tool app.sku=A-17 app.count=3
    price_quote 2893-2990 tool
    research 3155-3980 agent after=check_stock
      formula 3160-3400 tool
      markup 3160-3600 tool
      terminal 3170-3900 tool failed=Error:terminal
      table 3400-3600 =HYPERLINK("http://e.example")
      languages 3620-3700 retrieval
      lines 3700-3720 tool app.lines=1
      nothing 3720-3720
      rewrite 3725-3790 llm model=house-model in=310 out=24
      fallback 3800-3975 llm model=gpt-5-mini failed=RateLimitError:slow_down attempts=3800-3850:429,3900-3975:503
    review 3992-4790 llm provider=anthropic model=claude-haiku-4-5 in=7940 cached=7000 written=500 out=677 first=4402 last=4780
    draft 4791-4800 llm model=gpt-5-mini in=200 out=3 first=4794 last=4799 state=cancelled
    save_memory 4801-4818 memory
    log 4810-4830 internal
    watch 4812- internal
`, { service: 'support', tags: { branch: 'main' }, overheadNs: 400_000 })

/**
 * The run that the goldens of all formats show: turns, parallel tools, a retry, a failed call, a cancelled stream, cached tokens, an
 * unknown price, a category of the user's, late and open work, and names that mean harm.
 */
export const goldenTrace: Trace = {
  ...drawing,
  spans: drawing.spans.map((span) => {
    const name = HOSTILE_NAMES[span.name] ?? span.name
    const isHostile = span.outcome.state === 'failed' && span.outcome.message === 'terminal'
    return { ...span, name, ...(span.tool && { tool: { ...span.tool, name } }), ...(isHostile && { outcome: { ...span.outcome, message: name } }) }
  }),
}

export const goldenAnalysis: Analysis = analyze(goldenTrace)
