// The check in the browser, against a log that the second verifier's arithmetic made, and against the reference tree of RFC 6962.
import { expect, test } from 'vitest';
import type { AuditEntry, AuditHead } from '../api/types';
import { Frontier, check, entryHash, isSigned } from './verify';

const LINES = [
  '{"n":0,"time":"2026-11-26T13:33:20Z","by":"local","act":"started","command":"run","version":"0.1.0","build":"ab12","prev":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}',
  '{"n":1,"time":"2026-11-26T13:33:20Z","by":"local","act":"watch_made","watch":"river-floods","query":"flood* AND (river OR \\"heavy rain\\")","category":"crisis-response","sentence":"See where flooding is discussed.","sunset":"2027-02-01","prev":"UNDuBw8dpvyAw75deSqw52hPq5FIrWlkmNFrHbh0tDw="}',
  '{"n":2,"time":"2026-11-26T13:33:20Z","by":"local","act":"checkpoint_published","size":2,"root":"NdUHib1m+MFcHN1x8d25n0k8aIb8gGvUiI5UMbZDG38=","signature":"0dPYU1DW/OXzj5kB9jp0CKL/dddoWAn80SPEbvDXDTkAES488MyZpxdum8LuN0kxcst8mwTUYzVMeLkHcc5VJuqbvAA=","prev":"SojFwW0Ordi6GG5oVkl7qMCSMN8YlHizkk1EYjqXepE="}',
  '{"n":3,"time":"2026-11-26T13:33:20Z","by":"local","act":"of_a_later_version","field":[1,null],"prev":"FtC03/AfHNcC+JA11QYU7l6aNYr2Vn8Baof0DF41leY="}',
];
const HEAD: AuditHead = {
  origin: 'example.org/fuzz',
  size: 4,
  root: '8Ul+SzQ6rZqEgU4u8i4XdVn01mRhmMsb9Ne8Xa4pzIk=',
  key: 'example.org/fuzz+d1d3d853+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs',
  note: 'example.org/fuzz\n4\n8Ul+SzQ6rZqEgU4u8i4XdVn01mRhmMsb9Ne8Xa4pzIk=\n\n— example.org/fuzz 0dPYU1GWL9zpeiKWMU4HUOucu/uI0RTZGXTZpstmucc8ptxt9mZoLjtuJdTTJN8vHyZf7Hj7yHaYvZ4FB/94nAo6aAE=\n',
};

async function* pages(lines: readonly string[], size = 3): AsyncGenerator<AuditEntry[]> {
  for (let at = 0; at < lines.length; at += size) {
    yield lines.slice(at, at + size).map((line, i) => ({ number: at + i, line }) as AuditEntry);
  }
}

test('the roots of the reference tree', async () => {
  // Its first five entries are ASCII, and its roots those of certificate-transparency's tests.
  const roots = [
    ['', 'bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0='],
    ['\u0000', '+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU='],
    ['\u0010', 'rra8/idLcKFPsGel5VeCZNsPqbUa9eC6FZFY8yngbnc='],
    [' !', '037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc='],
    ['01', 'Tju7H3tHjc/nH7YxYxUZo7yhLJrvyhYSv85ME6hiZNQ='],
  ] as const;
  const frontier = new Frontier();
  expect(await frontier.root()).toBe('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');
  for (const [entry, root] of roots) {
    await frontier.push(await entryHash(entry));
    expect(await frontier.root()).toBe(root);
  }
});

test('a whole log is whole, and its head is signed', async () => {
  expect(await check(pages(LINES), HEAD)).toEqual({ entries: 4, whole: true, signed: true, broken: null });
  expect(await check(pages([...LINES, '{}']), HEAD)).toMatchObject({ entries: 4, whole: true });
});

test('an altered, missing or moved entry is found, and where', async () => {
  const altered = LINES.with(1, (LINES[1] as string).replace('river', 'rover'));
  expect(await check(pages(altered), HEAD)).toMatchObject({ whole: false, broken: 2 });
  const last = LINES.with(3, (LINES[3] as string).replace('null', 'true'));
  expect(await check(pages(last), HEAD)).toMatchObject({ whole: false, broken: null });
  expect(await check(pages(LINES.slice(0, 3)), HEAD)).toMatchObject({ entries: 3, whole: false });
  expect(await check(pages(LINES.toSpliced(1, 1)), HEAD)).toMatchObject({ whole: false, broken: 1 });
  expect(await check(pages(['no JSON', ...LINES.slice(1)]), HEAD)).toMatchObject({ whole: false, broken: 0 });
});

test('a head that says something else than its note, or that another key signed, is not signed', async () => {
  expect(await isSigned({ ...HEAD, size: 3 })).toBe(false);
  expect(await isSigned({ ...HEAD, note: HEAD.note.replace('\n4\n', '\n5\n'), size: 5 })).toBe(false);
  expect(await isSigned({ ...HEAD, key: HEAD.key.replace('+', '+0') })).toBe(false);
  expect(await isSigned({ ...HEAD, key: 'example.org/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k' })).toBe(false);
  expect(await isSigned({ ...HEAD, note: '' })).toBe(false);
});
