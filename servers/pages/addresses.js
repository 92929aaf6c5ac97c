// Where another server of this lab is, as seen from a page: the same host, another port.

export const isProxied = () => /\/proxy\/\d+\//.test(location.pathname)

/** The address of a path at another port; behind Jupyter's proxy a port is part of the path. */
export function atPort(port, path = '') {
  const base = isProxied()
    ? location.origin + location.pathname.replace(/(\/proxy\/)\d+\/.*/, `$1${port}/`)
    : `${location.protocol}//${location.hostname}:${port}/`
  return new URL(path, base)
}
