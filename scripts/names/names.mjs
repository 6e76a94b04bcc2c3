// Writes the names of @faker-js/faker (10.6.0, MIT) as JSON: node names.mjs FOLDER_OF_THE_PACKAGE > faker-js.json
import { pathToFileURL } from 'node:url';
const { allLocales } = await import(pathToFileURL(`${process.argv[2]}/dist/index.js`).href);
const flat = (x) => (!x ? [] : Array.isArray(x) ? x.flatMap((y) => (typeof y === 'string' ? [y] : flat(y))) : Object.values(x).flatMap(flat));
const out = {};
for (const [locale, { person }] of Object.entries(allLocales)) {
  if (person) {
    out[locale] = {
      given: [...new Set([...flat(person.first_name), ...flat(person.middle_name)])],
      family: [...new Set(flat(person.last_name))],
      prefix: [...new Set(flat(person.prefix))],
    };
  }
}
process.stdout.write(JSON.stringify(out));
