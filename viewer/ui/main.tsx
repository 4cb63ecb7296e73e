import './styles/theme.css'
import './styles/base.css'
import './styles/parts.css'
import './styles/shell.css'
import './styles/overview.css'
import './styles/flame.css'
import './styles/drawer.css'
import './styles/calls.css'
import './styles/context.css'
import './styles/dashboard.css'
import './styles/guide.css'
import './styles/statistics.css'
import './styles/compare.css'
import { render } from 'preact'
import { App } from './app/app.tsx'
import { startTheme } from './app/theme.ts'

startTheme()
render(<App />, document.querySelector('#app')!)
