// What `spanwise run` has Node load before a program: unlike --import, --require leaves it to the program's own loader how it is loaded
// (ts-node), and a version of Node that is too old for us goes on without.
const { emitWarning } = process
try {
  // Some versions say that to require an ES module is new.
  process.emitWarning = () => {}
  void require('../register.js')
} catch {
  // The program is not recorded.
} finally {
  process.emitWarning = emitWarning
}
