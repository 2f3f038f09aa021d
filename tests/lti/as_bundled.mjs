// A hook for modules that are written for bundlers: endings that imports lack, and JSON without a word that it is JSON.
export async function resolve(name, context, next) {
    const found = await next(name, context).catch(() => next(name + '.js', context)).catch(() => next(name + '/index.js', context));
    return found.url.endsWith('.json') ? { ...found, importAttributes: { type: 'json' } } : found;
}
