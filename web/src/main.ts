import '@fontsource-variable/inter/wght.css';
import './styles/base.css';
import { mount } from 'svelte';
import { Api } from './lib/api/client';
import { Dashboard } from './lib/state/dashboard.svelte';
import { ThemeState } from './lib/state/theme.svelte';
import { Router } from './lib/state/router.svelte';
import { speech } from './lib/i18n/speech.svelte';
import Root from './routes/Root.svelte';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');
const api = new Api();
const dashboard = new Dashboard(api);
// The same address then shows the page to sign in on, which no longer runs this.
api.onsignedout = () => location.reload();
dashboard.ahead();
// Another language than English is loaded before anything is shown: a page that changes its language under the eyes is no good.
// Not awaited at the top: the language's file imports from this one, and each would wait for the other.
void speech.speak().then(() => mount(Root, { target, props: { dashboard, router: new Router(), theme: new ThemeState() } }));
