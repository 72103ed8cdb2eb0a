/** Starts the page. The token leaves the address first; the order of these imports is that promise. */
import './session/token.ts'
import 'uplot/dist/uPlot.min.css'
import './style/index.css'
import { render } from 'preact'
import { App } from './page/App.tsx'

const page = document.getElementById('page')
if (page === null) throw new Error('the document has no element with the id "page"')
render(<App />, page)
