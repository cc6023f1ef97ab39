/**
 * The two example clients of deck.yaml. Their raw keys are here, in the open, because they open nothing but a
 * gateway on this machine; a platform team removes both consumers before it syncs deck.yaml anywhere else.
 */
export const EXAMPLE_CLIENTS = [
  {
    name: 'demo-news',
    properties: ['www', 'app'],
    firebaseProject: 'demo-news-push',
    pk: 'pk_demo-news_3GZdkDHA-XVFTDSee4OCo-y1mUA',
    sk: 'sk_demo-news_EzxK3QWcLL3pwPzYEh0A2bzqldE',
  },
  {
    name: 'demo-tv',
    properties: ['www', 'app'],
    firebaseProject: 'demo-tv-push',
    pk: 'pk_demo-tv_DoiUq5WtMr0wKlQgTBV8eyvjmWk',
    sk: 'sk_demo-tv_GBEhvwxmurMcmb6p55INAk_rHIE',
  },
] as const;
