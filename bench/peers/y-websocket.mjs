// The y-websocket server, as its own `server.js` sets it up but with a newer `ws`, on a free port.
// YPERSISTENCE names the folder of its LevelDB.
import http from 'node:http'
import { WebSocketServer } from 'ws'
import { setupWSConnection } from '@y/websocket-server/utils'

const sockets = new WebSocketServer({ noServer: true })
const server = http.createServer((_request, response) => response.end('okay'))
sockets.on('connection', setupWSConnection)
server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, connection => sockets.emit('connection', connection, request))
})
server.listen(0, '127.0.0.1', () => console.log(`y-websocket listening on port ${server.address().port}`))
