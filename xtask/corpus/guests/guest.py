# A component in Python.
import hashlib
import json

import wit_world


class WitWorld(wit_world.WitWorld):
    def run(self, text: str) -> str:
        return json.dumps([text[::-1], hashlib.sha256(text.encode()).hexdigest(), sum(i * i for i in range(1000)), 0.1 + 0.2])
