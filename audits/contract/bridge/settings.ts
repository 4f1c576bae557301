import type { Method, Nothing } from './method.ts';

/** What a user has set. */
export interface SettingsMethods {
  'settings.get': Method<Nothing, AppSettings>;
  'settings.set': Method<
    { readonly changes: { readonly [Key in keyof AppSettings]?: AppSettings[Key] | undefined } },
    AppSettings
  >;
}

export interface AppSettings {
  readonly theme: 'system' | 'light' | 'dark';
  readonly engine: string;
  readonly device: string;
  readonly workers: number | null;
  readonly price: number | null;
  readonly gpuHour: number | null;
  readonly accountPrice: number | null;
  readonly labelPrice: number | null;
  readonly trainingCost: number | null;
  readonly reportFolder: string;
}
