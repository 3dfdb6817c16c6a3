// What a crowd of connections is made with: all of it as text, for it runs in namespaces.

/** A machine at many addresses: each answer says where its connection came to. Ports as words. */
export const crowdWorld = `
const { createServer } = require('node:http');
const server = (port) => new Promise((done) => {
  createServer((request, response) => {
    const { localAddress, localPort } = request.socket;
    const body = localAddress.replace('::ffff:', '') + ' ' + localPort + ' ' + request.url;
    response.writeHead(200, { 'Content-Length': body.length }).end(body);
  }).listen({ port, host: '::', backlog: 4096 }, done);
});
Promise.all(process.argv.slice(1).map(Number).map(server)).then(() => console.log('listening'));
setTimeout(() => process.exit(), 300_000);
`;

/**
 * A crowd: all of it is connected before any of it speaks. Two in five share a source port with others of
 * other destinations, so that the redirected ones would be one and the same; another one in five binds
 * its address alone. Words: how many, and the ports. Prints what came of it.
 */
export const crowd = `
import json, resource, selectors, socket, sys, time

count, ports = int(sys.argv[1]), [int(word) for word in sys.argv[2:]]
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 200,) * 2)
IP_BIND_ADDRESS_NO_PORT = 24
own = {socket.AF_INET: '10.77.0.1', socket.AF_INET6: 'fd77::1'}
picker = selectors.DefaultSelector()
found = {'right': 0, 'wrong': [], 'failed': [], 'shared': 0}

class One:
    def __init__(self, index):
        self.family = (socket.AF_INET, socket.AF_INET6)[index % 2]
        turn = index // 2
        # A destination of its own for each.
        number = turn + 1
        v4 = '10.78.%d.%d' % (number >> 8, number & 255)
        self.host = v4 if self.family == socket.AF_INET else 'fd78::%x' % number
        self.port = ports[turn % len(ports)]
        self.path = '/%d' % index
        self.heard = b''
        self.socket = socket.socket(self.family, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        if turn % 5 < 2:
            # Forty at a time with one port, each with a destination of its own.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind((own[self.family], 20000 + turn // 40))
            found['shared'] += 1
        elif turn % 5 == 2:
            self.socket.setsockopt(socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            self.socket.bind((own[self.family], 0))
        self.socket.connect_ex((self.host, self.port))

    def expected(self):
        return '%s %d %s' % (self.host, self.port, self.path)

def fail(one, why):
    picker.unregister(one.socket)
    one.socket.close()
    found['failed'].append('%s: %s' % (one.expected(), why))

def connected(ones, limit):
    waiting = 0
    queue = iter(ones)
    through = []
    end = time.monotonic() + 120
    more = True
    while (more or waiting) and time.monotonic() < end:
        while more and waiting < limit:
            index = next(queue, None)
            if index is None:
                more = False
                break
            one = One(index)
            picker.register(one.socket, selectors.EVENT_WRITE, one)
            waiting += 1
        for key, _ in picker.select(1):
            one = key.data
            error = one.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            waiting -= 1
            if error:
                fail(one, 'connecting: %d' % error)
                continue
            picker.unregister(one.socket)
            through.append(one)
    return through

def spoken(ones):
    for one in ones:
        one.socket.send(('GET %s HTTP/1.1\\r\\nHost: crowd.test\\r\\n\\r\\n' % one.path).encode())
        picker.register(one.socket, selectors.EVENT_READ, one)
    left = len(ones)
    end = time.monotonic() + 120
    while left and time.monotonic() < end:
        for key, _ in picker.select(1):
            one = key.data
            try:
                data = one.socket.recv(65536)
            except OSError as error:
                data = b''
                one.heard += str(error).encode()
            one.heard += data
            body = one.heard.decode().partition('\\r\\n\\r\\n')[2]
            if data and not body.endswith(one.path):
                continue
            left -= 1
            if body == one.expected():
                found['right'] += 1
                picker.unregister(one.socket)
                one.socket.close()
            elif body.endswith(one.path):
                found['wrong'].append([one.expected(), body])
                picker.unregister(one.socket)
            else:
                fail(one, one.heard.decode()[:120])
    for key in list(picker.get_map().values()):
        fail(key.data, 'silence')

ones = connected(range(count), 400)
found['atOnce'] = len(ones)
spoken(ones)
found['wrong'], found['failed'] = found['wrong'][:5], found['failed'][:5]
print(json.dumps(found))
`;

/** Counts the frames that come in by a cable, until its input ends: TCP, UDP and all. */
export const frameCounter = `
import json, select, socket, sys

cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
cable.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)
cable.bind((sys.argv[1], 0))
print('counting', flush=True)
counts = {'tcp': 0, 'udp': 0, 'all': 0}
while True:
    ready, _, _ = select.select([cable, sys.stdin], [], [])
    if cable in ready:
        frame, (_, _, kind, _, _) = cable.recvfrom(128)
        # What this machine sends itself is not what comes in.
        if kind == socket.PACKET_OUTGOING:
            continue
        counts['all'] += 1
        type = frame[12:14]
        protocol = frame[23] if type == b'\\x08\\x00' else frame[20] if type == b'\\x86\\xdd' else 0
        if protocol == 6:
            counts['tcp'] += 1
        if protocol == 17:
            counts['udp'] += 1
    elif sys.stdin in ready:
        break
print(json.dumps(counts))
`;
