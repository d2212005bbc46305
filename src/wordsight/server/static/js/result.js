// One file of the results.

import { pageData } from "./common.js";
import { Sheets } from "./sheets.js";

const { file, words } = pageData();
const sheets = new Sheets(words);
sheets.add(file);
if (file.pages.length) sheets.show(0);
