/** Starts the reference of the API: a page of its own, which needs no token and asks for nothing but the description. */
import './style/index.css'
import './style/reference.css'
import { render } from 'preact'
import { Reference } from './reference/Reference.tsx'

const page = document.getElementById('page')
if (page === null) throw new Error('the document has no element with the id "page"')
render(<Reference />, page)
