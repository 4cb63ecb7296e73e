import { analyze } from '../../src/analyze/index.ts'
import type { Trace } from '../../src/model/span.ts'
import { packRun } from '../../viewer/document/pack.ts'
import { unpackRun } from '../../viewer/document/unpack.ts'
import { RunModel } from '../../viewer/ui/run/run-model.ts'

/** A trace as the page gets it: analysed, packed and unpacked. */
export const runModel = (trace: Trace): RunModel => new RunModel(unpackRun(packRun(trace, analyze(trace))))
