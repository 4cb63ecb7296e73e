import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commands } from '../src/cli/commands.ts'
import { formatNames } from '../src/cli/formats.ts'
import { encodeTrace } from '../src/trace-file/index.ts'
import { draw } from './draw.ts'
import { buildCli, type BuiltCli } from './support/built-cli.ts'

let built: BuiltCli
beforeAll(async () => {
  built = await buildCli()
  for (const start of ['3f2a9c07', '81bd04e2']) {
    const id = start.padEnd(32, '0')
    built.write(`.spanwise/2026-11-21_05-30-00_${id.slice(0, 12)}.spanwise.jsonl`, encodeTrace(draw('agent 0-100\n  search 40-60 tool', { id, name: 'agent' })))
  }
  built.write('home/.claude/projects/shop/258c7280-ae70-4798-800f-63464d01a85d.jsonl', '{}\n')
  built.write('trace one.json', '{}')
  built.write('completion.bash', built.say(['completion', 'bash']).stdout)
  built.write('traces/a.json', '{}')
})
afterAll(() => built.remove())

const hasShell = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0

/** The words that Tab offers in bash at the end of a line; its last word is what is typed of it. */
function offered(line: string): string[] {
  const words = line.split(' ')
  const quoted = words.map((word) => `'${word}'`).join(' ')
  const { stdout, stderr, status } = built.bash(`source completion.bash
    COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; COMP_LINE='${line}'; COMP_POINT=${line.length}
    _spanwise; printf '%s\\n' "\${COMPREPLY[@]}"`)
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  return stdout.split('\n').filter((word) => word !== '')
}

describe.runIf(hasShell('bash'))('bash', () => {
  test('commands', () => {
    expect(offered('spanwise ')).toEqual([...commands.map(({ name }) => name), 'help', '--help', '--version'])
    expect(offered('spanwise re')).toEqual(['report'])
    expect(offered('spanwise help co')).toEqual(['convert', 'completion'])
  })

  test('options, and their values', async () => {
    for (const { name, load } of commands.slice(0, 4)) {
      expect(offered(`spanwise ${name} --`)).toEqual(Object.keys((await load()).options).map((option) => `--${option}`))
    }
    expect(offered('spanwise report -f ')).toEqual(formatNames)
    expect(offered('spanwise demo --format sp')).toEqual(['speedscope'])
    expect(offered('spanwise report --weight ')).toEqual(['time', 'tokens', 'cost'])
    expect(offered('spanwise report -o tr').sort()).toEqual(['trace one.json', 'traces'])
    expect(offered('spanwise completion ')).toEqual(['bash', 'zsh', 'fish'])
  })

  test('handles of runs and sessions, and files', () => {
    expect(offered('spanwise show 3')).toEqual(['3f2a9c07'])
    expect(offered('spanwise report ')).toEqual(expect.arrayContaining(['3f2a9c07', '81bd04e2', '258c7280', 'trace one.json', 'traces']))
    expect(offered('spanwise top 3f2a9c07 8')).toEqual(['81bd04e2'])
    expect(offered('spanwise list ')).toEqual(expect.arrayContaining(['traces', 'home']))
    expect(offered('spanwise list tr')).toEqual(['traces'])
  })

  test('spans of a run', () => {
    expect(offered('spanwise show 3f2a9c07 ')).toEqual(['0001', '0002'])
    expect(offered('spanwise show missing ')).toEqual([])
  })

  test('a program and its arguments', () => {
    expect(offered('spanwise run -- nod')).toContain('node')
    expect(offered('spanwise run -- node tr').sort()).toEqual(['trace one.json', 'traces'])
    expect(offered('spanwise run --no')).toEqual(['--no-color', '--no-report', '--no-register'])
  })

  test('it takes the place of nothing, and works as Tab itself calls it', () => {
    const { stdout } = built.bash('source <(spanwise completion bash); complete -p spanwise')
    expect(stdout).toBe('complete -F _spanwise spanwise\n')
  })
})

describe.each([
  ['zsh', ['-n']], ['fish', ['--no-execute']],
] as const)('%s', (shell, check) => {
  test('knows every command, option and format, and asks for handles', () => {
    const { status, stdout } = built.say(['completion', shell])
    expect(status).toBe(0)
    for (const word of [...commands.map(({ name }) => name), ...formatNames, 'fail-on', 'tree', '--handles', '--spans', 'tokens']) expect(stdout).toContain(word)
  })

  test.runIf(hasShell(shell))('the shell itself reads it', () => {
    const file = built.write(`completion.${shell}`, built.say(['completion', shell]).stdout)
    expect(spawnSync(shell, [...check, file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
  })

  test.runIf(shell === 'fish' && hasShell(shell))('completes', () => {
    const { stdout } = spawnSync(shell, ['-c', `source completion.fish; complete -C 'spanwise re'`], { cwd: built.cwd, encoding: 'utf8' })
    expect(stdout).toMatch(/^report\t/)
  })
})
