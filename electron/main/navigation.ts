import { isReference } from './references.ts';
import { isOwnAddress } from './own-address.ts';

export interface NavigationParts {
  readonly app: Pick<Electron.App, 'on'>;
  readonly openExternal: (address: string) => Promise<void>;
}

/** Windows show our pages and open no others; a reference in a report opens in the user's browser. */
export function guardNavigation({ app, openExternal }: NavigationParts): void {
  app.on('web-contents-created', (_event, contents) => {
    const stay = (event: { readonly url: string; preventDefault: () => void }): void => {
      if (!isOwnAddress(event.url)) event.preventDefault();
    };
    contents.on('will-navigate', stay);
    contents.on('will-frame-navigate', stay);
    contents.on('will-redirect', stay);
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      if (isReference(url)) void openExternal(url);
      return { action: 'deny' };
    });
  });
}
