// Which page an address means, and how to get to another one without loading everything anew. Addresses are plain paths: the server
// answers every path that is nothing else with the page, and links in feeds, mails and webhooks lead to them.

export type Route =
  | { page: 'now' }
  | { page: 'detection'; id: string }
  | { page: 'narratives' }
  | { page: 'narrative'; id: string }
  | { page: 'watches' }
  | { page: 'watch'; name: string }
  | { page: 'feeds' }
  /** Below `/feed/`, since `/feeds/NAME.atom` and its like are the feed itself. */
  | { page: 'feed'; name: string }
  | { page: 'explore' }
  | { page: 'wall' }
  | { page: 'sources' }
  | { page: 'audit' }
  | { page: 'settings' }
  | { page: 'unknown' };

/** Longest address that is looked at; of a longer one no page is made. */
const PATH_CHARACTERS_MAX = 2_048;

/** One segment of a path. The server takes a last segment with a dot for a file, so dots are written out. */
function segment(text: string): string {
  return encodeURIComponent(text).replaceAll('.', '%2E');
}

export function href(route: Route): string {
  switch (route.page) {
    case 'now':
    case 'unknown':
      return '/';
    case 'detection':
      return `/detections/${segment(route.id)}`;
    case 'narrative':
      return `/narratives/${segment(route.id)}`;
    case 'watch':
      return `/watches/${segment(route.name)}`;
    case 'feed':
      return `/feed/${segment(route.name)}`;
    default:
      return `/${route.page}`;
  }
}

export function parseRoute(path: string): Route {
  if (path.length > PATH_CHARACTERS_MAX) return { page: 'unknown' };
  let parts: string[];
  try {
    parts = path.split('/').filter((part) => part !== '').map(decodeURIComponent);
  } catch {
    return { page: 'unknown' }; // A percent sign that means nothing.
  }
  const [first, second, ...more] = parts;
  if (more.length > 0) return { page: 'unknown' };
  if (first === undefined) return { page: 'now' };
  if (second === undefined) {
    return first === 'narratives' || first === 'watches' || first === 'feeds' || first === 'explore' || first === 'wall' || first === 'sources' || first === 'audit' || first === 'settings'
      ? { page: first }
      : { page: 'unknown' };
  }
  switch (first) {
    case 'detections':
      return { page: 'detection', id: second };
    case 'amplifications':
      // A detection's id is its kind and the id of what was found.
      return { page: 'detection', id: `amplification-${second}` };
    case 'narratives':
      return { page: 'narrative', id: second };
    case 'watches':
      return { page: 'watch', name: second };
    case 'feed':
      return { page: 'feed', name: second };
    default:
      return { page: 'unknown' };
  }
}

/** The link of a click that this page follows by itself: not one for another tab, another host, a file or the API. */
export function ownLink(event: MouseEvent, origin: string): URL | null {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  const address = link?.getAttribute('href');
  if (!link || !address || link.hasAttribute('download') || (link.target !== '' && link.target !== '_self')) return null;
  const url = new URL(address, link.baseURI);
  if (url.origin !== origin || address.startsWith('#')) return null;
  return parseRoute(url.pathname).page === 'unknown' ? null : url;
}

export class Router {
  route = $state.raw<Route>({ page: 'now' });
  query = $state.raw<URLSearchParams>(new URLSearchParams());
  /** Told after the reader went somewhere, so that focus and view can follow. */
  onmoved: () => void = () => {};

  constructor(private readonly place: Window = window) {
    this.#read();
  }

  start(): () => void {
    const popped = (): void => {
      const before = href(this.route);
      this.#read();
      if (href(this.route) !== before) this.onmoved();
    };
    const clicked = (event: MouseEvent): void => {
      const url = ownLink(event, this.place.location.origin);
      if (url === null) return;
      event.preventDefault();
      this.go(`${url.pathname}${url.search}`);
    };
    this.place.addEventListener('popstate', popped);
    this.place.document.addEventListener('click', clicked);
    return () => {
      this.place.removeEventListener('popstate', popped);
      this.place.document.removeEventListener('click', clicked);
    };
  }

  go(address: string): void {
    this.place.history.pushState(null, '', address);
    this.#read();
    this.place.scrollTo(0, 0);
    this.onmoved();
  }

  /** Another view of the same page: focus and place stay, and the back button leads to the view before. */
  look(address: string): void {
    this.place.history.pushState(null, '', address);
    this.#read();
  }

  /** Notes a choice in the address, so that the address shows it again; null takes it out. */
  note(name: string, value: string | null): void {
    const query = new URLSearchParams(this.query);
    if (value === null) query.delete(name);
    else query.set(name, value);
    const text = query.toString();
    this.place.history.replaceState(null, '', `${this.place.location.pathname}${text === '' ? '' : `?${text}`}`);
    this.query = query;
  }

  #read(): void {
    const { pathname, search } = this.place.location;
    this.route = parseRoute(pathname);
    this.query = new URLSearchParams(search);
  }
}
