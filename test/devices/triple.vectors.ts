// Published and computed signatures of devices: what they signed, with which secret, and what came
// of it. The first is of the platform's documentation, the fifth was published as an example.

export interface Vector {
  clientId: string
  deviceName: string
  productKey: string
  timestamp?: string
  secret: string
  method: string
  password: string
}

const FIRST = { clientId: '12345', deviceName: 'device', productKey: 'pk', secret: 'secret' }

export const VECTORS: readonly Vector[] = [
  {
    ...{ ...FIRST, timestamp: '789', method: 'hmacsha1' },
    password: 'FAFD82A3D602B37FB0FA8B7892F24A477F851A14',
  },
  {
    ...{ ...FIRST, timestamp: '789', method: 'hmacmd5' },
    password: '14b198324fe55e1d3c88f2e705e201ee',
  },
  {
    ...{ ...FIRST, timestamp: '789', method: 'hmacsha256' },
    password: '6074a46a91b1ebb2cc4ea42790ad0e80202c9843859fc292e57c4eb19fad9e57',
  },
  { ...FIRST, method: 'hmacsha1', password: '3504e4df7ce4766d30f796ee973c9ce7fc5425cb' },
  {
    clientId: 'SN1928339',
    deviceName: 'light1983432',
    productKey: 'a14Xib5kdYd',
    timestamp: '1539421321846',
    secret: 'oLyaKqVxtRvjH284LdhqVgVUx1UPy6zq',
    method: 'hmacsha1',
    password: 'b2488041f64f425016b467ee1c94959ebd592ad1',
  },
  {
    clientId: 'a1X2bEnP82z.example1',
    deviceName: 'example1',
    productKey: 'a1X2bEnP82z',
    timestamp: '2524608000000',
    secret: 'ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe',
    method: 'hmacsha256',
    password: 'B8CE8F1D706DD3C61D13BFD9855DEF7E321B785084CA9C93F0169A2B46785DD2',
  },
]

/** Of a registration, with the product's secret. */
export const REGISTRATION = {
  deviceName: 'device',
  productKey: 'pk',
  random: '567345',
  secret: 'psecret',
  method: 'hmacsha256',
  password: 'b633b4445b784f448b80fa6d0758aa9b13910245b99a6da97ee577f0905f1e4b',
}
