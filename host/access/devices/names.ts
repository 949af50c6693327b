// What products and devices may be called, and where secrets come from. A name becomes one level of
// topics and a part of client identifiers, so it holds nothing that means something there.

import { randomBytes } from 'node:crypto'

/** No `.`: it ends the key in `pk.dn`. */
const PRODUCT_KEY = /^[A-Za-z0-9_-]{1,64}$/
const DEVICE_NAME = /^[A-Za-z0-9_.:@-]{1,64}$/
const SECRET = /^[\x21-\x7e]{1,128}$/
/** First levels of the platform's own topics. */
const RESERVED: ReadonlySet<string> = new Set(['sys', 'ext', 'shadow', 'ota', 'broadcast'])

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const PRODUCT_KEY_LENGTH = 11
const DEVICE_NAME_LENGTH = 16
const SECRET_LENGTH = 32

/** @throws RangeError */
export function checkProductKey(text: string): void {
  if (!PRODUCT_KEY.test(text)) {
    throw new RangeError(`expected a product key of 1-64 letters, digits, _ or -, got '${text}'`)
  }
  if (RESERVED.has(text)) {
    throw new RangeError(`the product key '${text}' is the name of a family of topics`)
  }
}

/** @throws RangeError */
export function checkDeviceName(text: string): void {
  if (!DEVICE_NAME.test(text)) {
    const allowed = '1-64 letters, digits, _ . : @ or -'
    throw new RangeError(`expected a device name of ${allowed}, got '${text}'`)
  }
}

/** @throws RangeError that does not say the secret */
export function checkSecret(text: string): void {
  if (!SECRET.test(text)) {
    throw new RangeError('expected a secret of 1-128 printable ASCII characters without spaces')
  }
}

export function makeProductKey(): string {
  return randomText(PRODUCT_KEY_LENGTH)
}

export function makeDeviceName(): string {
  return randomText(DEVICE_NAME_LENGTH)
}

/** 190 bits. */
export function makeSecret(): string {
  return randomText(SECRET_LENGTH)
}

/** Letters and digits, each as likely as the other. */
function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < LETTERS.length * 4 && text.length < length) text += LETTERS[byte % LETTERS.length]
    }
  }
  return text
}
