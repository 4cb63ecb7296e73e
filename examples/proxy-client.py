# An agent loop in Python, without any library and without a word about Spanwise. Record it with:
#   spanwise proxy -- python proxy-client.py
import json
import os
import urllib.request

# The openai and anthropic packages take their base URLs from the environment by themselves.
BASE_URL = os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1")

TOOLS = [{"type": "function", "function": {
    "name": "get_current_weather", "description": "Get the current weather in a given location",
    "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
}}]


def chat(messages):
    request = urllib.request.Request(
        f"{BASE_URL}/chat/completions",
        data=json.dumps({"model": "gpt-4o-mini", "messages": messages, "tools": TOOLS}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)["choices"][0]["message"]


def get_current_weather(location):
    return "50 degrees and raining" if location.startswith("Seattle") else "70 degrees and sunny"


messages = [{"role": "user", "content": "What's the weather in Seattle and San Francisco today?"}]
while (message := chat(messages)).get("tool_calls"):
    messages.append(message)
    for call in message["tool_calls"]:
        result = get_current_weather(**json.loads(call["function"]["arguments"]))
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
print(message["content"])
