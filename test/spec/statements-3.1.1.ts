// The 141 mandatory normative statements of MQTT 3.1.1 (OASIS Standard, 29 October 2014,
// appendix B), in the order of its sections. Meanings are ours; see statement.ts.

import { both, client, type Row, server } from './statement.ts'

export const ROWS_3_1_1: readonly Row[] = [
  // 1.5 Data representation
  both(
    'MQTT-1.5.3-1',
    'Strings are well-formed UTF-8 without surrogates; others close the connection',
  ),
  both('MQTT-1.5.3-2', 'No string holds U+0000; one that does closes the connection'),
  both(
    'MQTT-1.5.3-3',
    'The bytes EF BB BF in a string are a character like any other and are kept',
  ),

  // 2.2 Fixed header, 2.3 Packet identifier
  both('MQTT-2.2.2-1', 'Reserved flag bits of the fixed header have the listed values'),
  both('MQTT-2.2.2-2', 'A packet with other flag bits closes the connection'),
  both(
    'MQTT-2.3.1-1',
    'SUBSCRIBE, UNSUBSCRIBE and PUBLISH above QoS 0 carry an identifier other than 0',
  ),
  client('MQTT-2.3.1-2', 'A client gives each new packet an identifier it is not using'),
  client(
    'MQTT-2.3.1-3',
    'A client sends a packet again under its old identifier, free after the ack',
  ),
  server(
    'MQTT-2.3.1-4',
    'The server follows the same two rules for its PUBLISH packets above QoS 0',
  ),
  both('MQTT-2.3.1-5', 'A QoS 0 PUBLISH has no packet identifier'),
  both('MQTT-2.3.1-6', 'PUBACK, PUBREC and PUBREL repeat the identifier of their PUBLISH'),
  server('MQTT-2.3.1-7', 'SUBACK and UNSUBACK repeat the identifier of the request'),

  // 3.1 CONNECT
  both('MQTT-3.1.0-1', 'The first packet on a connection is CONNECT'),
  server('MQTT-3.1.0-2', 'A second CONNECT is a violation that closes the connection'),
  server('MQTT-3.1.2-1', 'A CONNECT with another protocol name is not processed as MQTT 3.1.1'),
  server('MQTT-3.1.2-2', 'An unsupported protocol level gets CONNACK 1 and a close'),
  server('MQTT-3.1.2-3', 'A CONNECT whose reserved flag is set closes the connection'),
  both(
    'MQTT-3.1.2-4',
    'CleanSession 0 resumes the session or creates one, and keeps it afterwards',
  ),
  server('MQTT-3.1.2-5', 'QoS 1 and 2 messages that match are stored for a disconnected session'),
  both(
    'MQTT-3.1.2-6',
    'CleanSession 1 discards the old session; the new one ends with the connection',
  ),
  server('MQTT-3.1.2-7', 'Retained messages survive the session of whoever published them'),
  server(
    'MQTT-3.1.2-8',
    'The will is stored, and published when the connection ends without DISCONNECT',
  ),
  both(
    'MQTT-3.1.2-9',
    'With Will Flag 1 the will QoS and retain count, topic and message are present',
  ),
  server('MQTT-3.1.2-10', 'A will is forgotten once published or after DISCONNECT'),
  both('MQTT-3.1.2-11', 'With Will Flag 0 will QoS and retain are 0 and the will fields absent'),
  server('MQTT-3.1.2-12', 'With Will Flag 0 no will is published'),
  both('MQTT-3.1.2-13', 'With Will Flag 0 will QoS is 0'),
  both('MQTT-3.1.2-14', 'With Will Flag 1 will QoS is 0, 1 or 2, never 3'),
  both('MQTT-3.1.2-15', 'With Will Flag 0 will retain is 0'),
  server('MQTT-3.1.2-16', 'A will with retain 0 is published as an ordinary message'),
  server('MQTT-3.1.2-17', 'A will with retain 1 is published as a retained message'),
  both('MQTT-3.1.2-18', 'With User Name Flag 0 the payload holds no user name'),
  both('MQTT-3.1.2-19', 'With User Name Flag 1 the payload holds a user name'),
  both('MQTT-3.1.2-20', 'With Password Flag 0 the payload holds no password'),
  both('MQTT-3.1.2-21', 'With Password Flag 1 the payload holds a password'),
  both('MQTT-3.1.2-22', 'Without a user name there is no password'),
  client(
    'MQTT-3.1.2-23',
    'A client sends something, PINGREQ if nothing else, within each keep alive',
  ),
  server('MQTT-3.1.2-24', 'Silence of 1.5 times the keep alive closes the connection as a failure'),
  both('MQTT-3.1.3-1', 'Payload order: client id, will topic, will message, user name, password'),
  both('MQTT-3.1.3-2', 'The client id names the session'),
  both('MQTT-3.1.3-3', 'The client id is present and the first payload field'),
  both('MQTT-3.1.3-4', 'The client id is a UTF-8 string'),
  server('MQTT-3.1.3-5', 'Client ids of 1 to 23 bytes out of 0-9a-zA-Z are accepted'),
  server('MQTT-3.1.3-6', 'An empty client id gets a unique one, used as if the client had sent it'),
  client('MQTT-3.1.3-7', 'A client with an empty id sets CleanSession 1'),
  server('MQTT-3.1.3-8', 'An empty client id with CleanSession 0 gets CONNACK 2 and a close'),
  server('MQTT-3.1.3-9', 'A rejected client id gets CONNACK 2 and a close'),
  both('MQTT-3.1.3-10', 'The will topic is a UTF-8 string'),
  both('MQTT-3.1.3-11', 'The user name is a UTF-8 string'),
  server('MQTT-3.1.4-1', 'A CONNECT of the wrong form closes the connection without a CONNACK'),
  server('MQTT-3.1.4-2', 'A CONNECT with the id of a connected client disconnects that client'),
  server('MQTT-3.1.4-3', 'CleanSession is acted upon once CONNECT is valid'),
  server('MQTT-3.1.4-4', 'A valid CONNECT is answered by CONNACK 0'),
  server('MQTT-3.1.4-5', 'After a refused CONNECT nothing more is processed'),

  // 3.2 CONNACK
  server('MQTT-3.2.0-1', 'The first packet of the server is CONNACK'),
  server('MQTT-3.2.2-1', 'CleanSession 1 is answered with Session Present 0'),
  server('MQTT-3.2.2-2', 'CleanSession 0 with a stored session is answered with Session Present 1'),
  server('MQTT-3.2.2-3', 'Without a stored session Session Present is 0'),
  server('MQTT-3.2.2-4', 'A refusing CONNACK has Session Present 0'),
  server('MQTT-3.2.2-5', 'A refusing CONNACK is followed by a close'),
  server('MQTT-3.2.2-6', 'When no return code fits, the connection closes without a CONNACK'),

  // 3.3 PUBLISH
  both('MQTT-3.3.1-1', 'A PUBLISH sent again has DUP 1'),
  both('MQTT-3.3.1-2', 'A QoS 0 PUBLISH has DUP 0'),
  both('MQTT-3.3.1-3', 'DUP of a forwarded PUBLISH does not depend on the DUP it came in with'),
  both('MQTT-3.3.1-4', 'A PUBLISH with both QoS bits set closes the connection'),
  server('MQTT-3.3.1-5', 'A PUBLISH with RETAIN 1 is stored with its QoS for later subscribers'),
  server(
    'MQTT-3.3.1-6',
    'A new subscription gets the last retained message of each matching topic',
  ),
  server('MQTT-3.3.1-7', 'A QoS 0 message with RETAIN 1 discards what was retained before'),
  server('MQTT-3.3.1-8', 'A message sent because of a new subscription has RETAIN 1'),
  server('MQTT-3.3.1-9', 'A message sent to an established subscription has RETAIN 0'),
  server(
    'MQTT-3.3.1-10',
    'An empty RETAIN 1 message is forwarded and removes the retained message',
  ),
  server('MQTT-3.3.1-11', 'An empty retained message is never stored'),
  server(
    'MQTT-3.3.1-12',
    'A RETAIN 0 message neither stores, replaces nor removes a retained message',
  ),
  both(
    'MQTT-3.3.2-1',
    'The topic name is the first field of the variable header and a UTF-8 string',
  ),
  both('MQTT-3.3.2-2', 'A topic name has no wildcard characters'),
  server('MQTT-3.3.2-3', 'The topic of a forwarded PUBLISH matches the filter of the subscription'),
  both('MQTT-3.3.4-1', 'A PUBLISH is answered as its QoS says: nothing, PUBACK or PUBREC'),
  server('MQTT-3.3.5-1', 'With overlapping subscriptions the highest matching QoS is respected'),
  server(
    'MQTT-3.3.5-2',
    'A PUBLISH that is not allowed is acknowledged as usual or closes the connection',
  ),

  // 3.6 PUBREL
  both('MQTT-3.6.1-1', 'PUBREL with flags other than 0010 closes the connection'),

  // 3.8 SUBSCRIBE, 3.9 SUBACK
  both('MQTT-3.8.1-1', 'SUBSCRIBE with flags other than 0010 closes the connection'),
  both('MQTT-3.8.3-1', 'The filters of SUBSCRIBE are UTF-8 strings'),
  server('MQTT-3.8.3-2', 'A server without wildcards rejects filters that have them', {
    untestable: 'the broker supports wildcards in every filter',
  }),
  both('MQTT-3.8.3-3', 'SUBSCRIBE holds at least one filter and QoS'),
  server('MQTT-3.8.3-4', 'Reserved bits or QoS 3 in a requested QoS close the connection'),
  server('MQTT-3.8.4-1', 'SUBSCRIBE is answered by SUBACK'),
  server('MQTT-3.8.4-2', 'SUBACK has the identifier of its SUBSCRIBE'),
  server(
    'MQTT-3.8.4-3',
    'The same filter again replaces the subscription and sends retained messages again',
  ),
  server('MQTT-3.8.4-4', 'Several filters are handled as several SUBSCRIBEs with one SUBACK'),
  server(
    'MQTT-3.8.4-5',
    'SUBACK has one return code for each filter: the granted QoS or a failure',
  ),
  server('MQTT-3.8.4-6', 'A message goes out at the lower of its own and the granted QoS'),
  server('MQTT-3.9.3-1', 'Return codes are in the order of the filters'),
  server('MQTT-3.9.3-2', 'Return codes are 0, 1, 2 or 0x80'),

  // 3.10 UNSUBSCRIBE, 3.11 UNSUBACK
  both('MQTT-3.10.1-1', 'UNSUBSCRIBE with flags other than 0010 closes the connection'),
  both('MQTT-3.10.3-1', 'The filters of UNSUBSCRIBE are UTF-8 strings'),
  both('MQTT-3.10.3-2', 'UNSUBSCRIBE holds at least one filter'),
  server(
    'MQTT-3.10.4-1',
    'Filters are compared byte for byte; an exact match is deleted, nothing else',
  ),
  server('MQTT-3.10.4-2', 'After UNSUBSCRIBE no new messages are added for the filter'),
  server('MQTT-3.10.4-3', 'Deliveries above QoS 0 already begun are completed after UNSUBSCRIBE'),
  server('MQTT-3.10.4-4', 'UNSUBSCRIBE is answered by UNSUBACK with its identifier'),
  server('MQTT-3.10.4-5', 'UNSUBACK is sent even when no filter was deleted'),
  server('MQTT-3.10.4-6', 'Several filters are handled as several UNSUBSCRIBEs with one UNSUBACK'),

  // 3.12 PINGREQ, 3.14 DISCONNECT
  server('MQTT-3.12.4-1', 'PINGREQ is answered by PINGRESP'),
  server('MQTT-3.14.1-1', 'DISCONNECT with reserved bits set closes the connection as a violation'),
  client('MQTT-3.14.4-1', 'A client closes the connection after its DISCONNECT'),
  client('MQTT-3.14.4-2', 'A client sends nothing after its DISCONNECT'),
  server('MQTT-3.14.4-3', 'DISCONNECT discards the will of the connection'),

  // 4.1 Session state
  both('MQTT-4.1.0-1', 'The state of a session is kept for as long as the session'),
  both('MQTT-4.1.0-2', 'A session lasts at least as long as its connection'),

  // 4.3 Quality of service
  both('MQTT-4.3.1-1', 'A QoS 0 message is sent with QoS 0 and DUP 0'),
  both('MQTT-4.3.2-1', 'QoS 1 sender: unused identifier, DUP 0 first, unacknowledged until PUBACK'),
  both(
    'MQTT-4.3.2-2',
    'QoS 1 receiver: PUBACK with the identifier; then the same identifier is new',
  ),
  both('MQTT-4.3.3-1', 'QoS 2 sender: PUBLISH until PUBREC, then PUBREL until PUBCOMP, never back'),
  both('MQTT-4.3.3-2', 'QoS 2 receiver: PUBREC, no duplicates onward until PUBREL, then PUBCOMP'),
  both(
    'MQTT-4.4.0-1',
    'A resumed session sends unacknowledged PUBLISH and PUBREL again, same identifiers',
  ),
  server(
    'MQTT-4.5.0-1',
    'A message taken over is added to every session with a matching subscription',
  ),
  client('MQTT-4.5.0-2', 'A client acknowledges every PUBLISH by its QoS'),

  // 4.6 Ordering
  client('MQTT-4.6.0-1', 'A client sends PUBLISH packets again in their first order'),
  client('MQTT-4.6.0-2', 'A client sends PUBACK in the order of the PUBLISH packets'),
  client('MQTT-4.6.0-3', 'A client sends PUBREC in the order of the PUBLISH packets'),
  client('MQTT-4.6.0-4', 'A client sends PUBREL in the order of the PUBREC packets'),
  server('MQTT-4.6.0-5', 'Every topic is ordered unless configured otherwise'),
  server(
    'MQTT-4.6.0-6',
    'Messages of one publisher on one topic and QoS reach each subscriber in order',
  ),

  // 4.7 Topic names and filters
  both('MQTT-4.7.1-1', 'Wildcards are for filters, never for topic names'),
  both('MQTT-4.7.1-2', '# stands alone or after a slash, and last'),
  both('MQTT-4.7.1-3', '+ fills a whole level'),
  server(
    'MQTT-4.7.2-1',
    'A filter that begins with a wildcard does not match topics that begin with $',
  ),
  both('MQTT-4.7.3-1', 'Topic names and filters have at least one character'),
  both('MQTT-4.7.3-2', 'Topic names and filters do not hold U+0000'),
  both('MQTT-4.7.3-3', 'Topic names and filters have at most 65,535 bytes'),
  server('MQTT-4.7.3-4', 'Matching neither normalizes nor substitutes characters'),

  // 4.8 Handling errors
  both('MQTT-4.8.0-1', 'A protocol violation closes the connection it came on'),
  both('MQTT-4.8.0-2', 'A transient error while processing a packet closes the connection', {
    untestable: 'no peer can provoke an internal transient error over the wire',
  }),

  // 6 WebSocket, 7 Conformance
  both('MQTT-6.0.0-1', 'MQTT travels in binary frames; any other data frame closes the connection'),
  both('MQTT-6.0.0-2', 'Packets and frames need not be aligned'),
  client('MQTT-6.0.0-3', 'A client offers the subprotocol mqtt'),
  server('MQTT-6.0.0-4', 'The server selects the subprotocol mqtt'),
  server('MQTT-7.0.0-1', 'A server that connects to other servers conforms as a client there', {
    untestable: 'the broker opens no MQTT connections to other servers',
  }),
  both('MQTT-7.0.0-2', 'No extension outside the specification is needed to interoperate', {
    untestable: 'a property of the whole: every test here speaks the plain protocol only',
  }),
  server(
    'MQTT-7.1.1-1',
    'The server supports at least one ordered, lossless byte-stream transport',
  ),
  client('MQTT-7.1.2-1', 'A client supports at least one such transport'),
]
