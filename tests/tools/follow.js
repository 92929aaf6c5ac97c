// A page that follows the feed: window.follow(transport, url, after, count) resolves to the data of `count` messages.
const pause = seconds => new Promise(done => setTimeout(done, 1000 * seconds));

async function overHttp(url, after, count, wait) {
    const received = [];
    while (received.length < count) {
        try {
            const response = await fetch(`${url}messages?after=${after}&wait=${wait}`);
            if (response.status === 200)
                for (const line of (await response.text()).trim().split("\n")) {
                    const message = JSON.parse(line);
                    received.push(message.data);
                    after = message.seq;
                }
        } catch { /* the proxy is away */ }
        await pause(wait ? 0.05 : 0.5);
    }
    return received;
}

async function overWebSocket(url, after, count) {
    const received = [];
    while (received.length < count)
        await new Promise(closed => {
            const socket = new WebSocket(`${url.replace("http", "ws")}messages?after=${after}`);
            socket.onmessage = event => {
                const message = JSON.parse(event.data);
                received.push(message.data);
                after = message.seq;
                if (received.length === count) socket.close();
            };
            socket.onclose = () => pause(0.1).then(closed);
        });
    return received;
}

const ways = {
    "polling": (...where) => overHttp(...where, 0),
    "long-polling": (...where) => overHttp(...where, 2),
    "websocket": overWebSocket,
};
window.follow = (transport, ...where) => ways[transport](...where);
