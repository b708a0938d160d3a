"""Slack's and Discord's own kind of clients against the doubles: what works with the doubles works with the platforms.

Usage: clients.py slack|discord HOST:PORT

Prints what it saw, a line each.
"""

import asyncio
import sys
import threading


def slack(at):
    from slack_sdk.socket_mode import SocketModeClient
    from slack_sdk.socket_mode.response import SocketModeResponse
    from slack_sdk.web import WebClient

    web = WebClient(token="xoxb-double", base_url=f"http://{at}/api/")
    print("team", web.auth_test()["team_id"], flush=True)
    posted = web.chat_postMessage(channel="C0BUILDS", text="hello", metadata={"event_type": "x", "event_payload": {"marker": "m"}})
    web.chat_update(channel="C0BUILDS", ts=posted["ts"], text="hello again")
    history = web.conversations_history(channel="C0BUILDS", include_all_metadata=True)
    print("history", history["messages"][0]["text"], history["messages"][0]["metadata"]["event_payload"]["marker"], flush=True)
    client = SocketModeClient(app_token="xapp-double", web_client=web)
    heard = threading.Event()

    def listener(client, request):
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        print("heard", request.type, request.payload["text"], flush=True)
        heard.set()

    client.socket_mode_request_listeners.append(listener)
    client.connect()
    print("connected", flush=True)
    heard.wait(30)
    client.close()


def discord(at):
    import discord as library

    library.http.Route.BASE = f"http://{at}/api/v10"
    client = library.Client(intents=library.Intents.none())
    # The library knows one gateway's address only.
    library.gateway.DiscordWebSocket.DEFAULT_GATEWAY = library.gateway.yarl.URL(f"ws://{at}/")

    @client.event
    async def on_ready():
        print("ready", client.user.name, flush=True)

    @client.event
    async def on_interaction(interaction):
        print("heard", interaction.data["name"], interaction.data["options"][0]["name"], flush=True)
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(content="answered")
        await client.close()

    async def run():
        await asyncio.wait_for(client.start("discord-double"), 30)

    asyncio.run(run())


if __name__ == "__main__":
    {"slack": slack, "discord": discord}[sys.argv[1]](sys.argv[2])
