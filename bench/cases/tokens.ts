import { spawnSync } from 'node:child_process'
import { countTokens, countTokensSliced } from '../../src/tokens/index.ts'
import { median, settledHeap } from '../harness.ts'

export interface TokenFigure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly limit: number
  readonly note?: string
}

const MODEL = 'gpt-4o'
const PROCESSES = 5
const LETTERS = 100_000
/** js-tiktoken takes seconds for 10,000 equal letters, and the square of that for more. */
const FEASIBLE_LETTERS = 2_000
const FEASIBLE_CHARS = 200_000

/** Each figure is the median over processes of their own, where everything is cold and nothing was counted before. */
export async function tokensBench(): Promise<readonly TokenFigure[]> {
  const cold = medians('measureSync')
  const sliced = medians('measureSliced')
  const ratio = medians('measureRatios', 1)
  return [
    { name: '1 MB of English', value: cold('english'), unit: 'ms', limit: 150, note: 'the first text of its process' },
    { name: '100,000 equal letters', value: cold('letters'), unit: 'ms', limit: 150 },
    { name: '100,000 equal Chinese characters', value: cold('chinese'), unit: 'ms', limit: 150 },
    { name: 'loading the ranks', value: cold('load'), unit: 'ms', limit: 150, note: 'once, when first needed' },
    { name: 'memory of the ranks', value: cold('memory'), unit: 'MB', limit: 16, note: 'heap and buffers' },
    {
      name: 'longest hold of the event loop', value: sliced('hold'), unit: 'ms', limit: 50,
      note: 'loading, then 1 MB of English and both runs, in slices',
    },
    { name: 'the same, from start to end', value: sliced('total'), unit: 'ms', limit: 600 },
    { name: 'English, ours ÷ js-tiktoken', value: ratio('english'), unit: '×', limit: 1, note: '200 kB, both warm' },
    { name: 'equal letters, ours ÷ js-tiktoken', value: ratio('letters'), unit: '×', limit: 1, note: '2,000, both warm' },
  ]
}

/** Runs one of the measurements below in `processes` processes, one after another. */
function medians(measurement: string, processes = PROCESSES): (figure: string) => number {
  const script = `const { measurements } = await import(${JSON.stringify(import.meta.url)})
process.stdout.write(JSON.stringify(await measurements[${JSON.stringify(measurement)}]()))`
  const runs = Array.from({ length: processes }, () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath, ['--expose-gc', '--input-type=module', '--eval', script], { encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(`bench: the process of ${measurement} ended with ${status}\n${stderr}`)
    return JSON.parse(stdout) as Readonly<Record<string, number>>
  })
  return (figure) => median(runs.map((run) => run[figure] ?? Number.NaN))
}

type Figures = Promise<Readonly<Record<string, number>>>

/**
 * What the processes do.
 * @public
 */
export const measurements: Readonly<Record<string, () => Figures>> = { measureSync, measureSliced, measureRatios }

async function measureSync(): Figures {
  const texts = { english: english(1_000_000, 1), letters: 'a'.repeat(LETTERS), chinese: '中'.repeat(LETTERS) }
  const before = await memoryMb()
  const load = elapsed(() => countTokens('one', MODEL))
  const memory = (await memoryMb()) - before
  const count = (text: string): number => elapsed(() => countTokens(text, MODEL))
  return { load, memory, english: count(texts.english), letters: count(texts.letters), chinese: count(texts.chinese) }
}

async function measureSliced(): Figures {
  const texts = [english(1_000_000, 2), 'a'.repeat(LETTERS), '中'.repeat(LETTERS)]
  const holds: number[] = []
  let turn = performance.now()
  let watch = setImmediate(function look() {
    const now = performance.now()
    holds.push(now - turn)
    turn = now
    watch = setImmediate(look)
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  holds.length = 0
  const start = performance.now()
  await countTokensSliced(texts, MODEL)
  const total = performance.now() - start
  // The turn that the last slice was part of.
  await new Promise((resolve) => setImmediate(resolve))
  clearImmediate(watch)
  return { hold: Math.max(...holds), total }
}

async function measureRatios(): Figures {
  const { Tiktoken } = await import('js-tiktoken/lite')
  const reference = new Tiktoken((await import('js-tiktoken/ranks/o200k_base')).default)
  const theirs = (text: string): unknown => reference.encode(text, [], [])
  const ours = (text: string): unknown => countTokens(text, MODEL)
  const ratio = (make: (seed: number) => string): number => {
    const samples = Array.from({ length: 6 }, (_, seed) => {
      const text = make(seed)
      return elapsed(() => ours(text)) / elapsed(() => theirs(text))
    })
    return median(samples.slice(1))
  }
  // Another text each time, or the cache would answer.
  return {
    english: ratio((seed) => english(FEASIBLE_CHARS, 10 + seed)),
    letters: ratio((seed) => 'a'.repeat(FEASIBLE_LETTERS + seed)),
  }
}

function elapsed(work: () => unknown): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

async function memoryMb(): Promise<number> {
  const heap = await settledHeap()
  return (heap + process.memoryUsage().arrayBuffers) / 1e6
}

/** The most frequent words of English first; the n-th is drawn about 1/n as often as the first. */
const WORDS = `the of and to a in is that it was for on are with as his they be at one have this from or had by not but
some what there we can out other were all your when up use word how said an each she which do their time if will way
about many then them would write like so these her long make thing see him two has look more day could go come did my
sound no most number who over know water than call first people may down side been now find any new work part take get
place made live where after back little only round man year came show every good me give our under name very through
just form much great think say help low line before turn cause same mean differ move right boy old too does tell
sentence set three want air well also play small end put home read hand port large spell add even land here must big
high such follow act why ask men change went light kind off need house picture try us again animal point mother world
near build self earth father head stand own page should country found answer school grow study still learn plant cover
food sun four thought let keep eye never last door between city tree cross since hard start might story saw far sea draw
left late run while press close night real life few stop open seem together next white children begin got walk example
ease paper often always music those both mark book letter until mile river car feet care second group carry took rain
eat room friend began idea fish mountain north once base hear horse cut sure watch color face wood main enough plain
girl usual young ready above ever red list though feel talk bird soon body dog family direct pose leave song measure
state product black short numeral class wind question happen complete ship area half rock order fire south problem piece
told knew pass farm top whole king size heard best hour better true during hundred remember step early hold west ground
interest reach fast five sing listen six table travel less morning ten simple several vowel toward war lay against
pattern slow center love person money serve appear road map science rule govern pull cold notice voice fall power town
fine certain fly unit lead cry dark machine note wait plan figure star box noun field rest correct able pound done
beauty drive stood contain front teach week final gave green quick develop sleep warm free minute strong special mind
behind clear tail produce fact street inch lot nothing course stay wheel full force blue object decide surface deep moon
island foot yet busy test record boat common gold possible plane age dry wonder laugh thousand ago ran check game shape
yes hot miss brought heat snow bed bring sit perhaps fill east weight language among infrastructure regulatory
photosynthesis unprecedented negotiation archaeological Mississippi Copenhagen telecommunications misunderstanding
biodiversity Shakespeare anthropologist refrigerator constitutional disproportionately`
  .split(/\s+/)

/** Sentences and paragraphs, the same for the same seed. */
function english(chars: number, seed: number): string {
  const random = mulberry32(seed)
  const parts: string[] = []
  let length = 0
  let left = 0
  while (length < chars) {
    const start = left === 0
    if (start) left = 4 + Math.floor(random() * 20)
    const word = WORDS[Math.floor(WORDS.length ** random()) - 1]!
    const cased = start ? word[0]!.toUpperCase() + word.slice(1) : word
    const shown = random() < 0.02 ? String(Math.floor(random() * 3_000)) : cased
    left--
    const after = left === 0 ? (random() < 0.15 ? '.\n\n' : '. ') : random() < 0.08 ? ', ' : ' '
    parts.push(shown, after)
    length += shown.length + after.length
  }
  return parts.join('').slice(0, chars)
}

function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
