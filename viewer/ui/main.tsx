import { render } from 'preact'
import './theme.css'

render(<p>Spanwise</p>, document.querySelector('#app')!)
