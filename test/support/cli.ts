import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Io } from '../../src/cli/command.ts'
import { spanwise } from '../../src/cli/spanwise.ts'

export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
  /** What was written to standard output, when it is no text. */
  readonly bytes: Uint8Array
}

/** The command in a folder of its own, with nothing of this machine in sight. */
export class Desk {
  readonly cwd: string = mkdtempSync(join(tmpdir(), 'spanwise-cli-'))
  readonly home: string = join(this.cwd, 'home')

  /** @param changes to the process that the command sees */
  async say(words: readonly string[], changes: Partial<Io> & { readonly input?: string | Uint8Array } = {}): Promise<Said> {
    const out: Uint8Array[] = []
    let err = ''
    const { input = '', ...rest } = changes
    const plain = { width: 80, color: false, isTerminal: false }
    const code = await spanwise(words, {
      out: (text) => void out.push(Buffer.from(text)),
      err: (text) => void (err += text),
      async *stdin() { yield Buffer.from(input) },
      terminal: plain, errorTerminal: plain,
      cwd: this.cwd, home: this.home, env: {}, nowEpochMs: () => Date.UTC(2026, 10, 21, 5, 30),
      ...rest,
    })
    const bytes = Buffer.concat(out)
    return { code, out: bytes.toString(), err, bytes }
  }

  /** @param minutes its age: files are sorted by it */
  write(name: string, content: string | Uint8Array, minutes = 0): string {
    const path = join(this.cwd, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    const time = Date.UTC(2026, 10, 21, 5, 0) / 1000 - minutes * 60
    utimesSync(path, time, time)
    return path
  }

  remove(): void {
    rmSync(this.cwd, { recursive: true })
  }
}
