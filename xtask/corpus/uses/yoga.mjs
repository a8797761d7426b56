// C++ by Emscripten with embind, inside JavaScript as base64.
import Yoga from 'yoga-layout';

const root = Yoga.Node.create();
root.setWidth(500);
root.setHeight(300);
root.setFlexDirection(Yoga.FLEX_DIRECTION_ROW);
root.setPadding(Yoga.EDGE_ALL, 7);
for (let i = 0; i < 5; i++) {
  const child = Yoga.Node.create();
  child.setFlexGrow(i);
  child.setMargin(Yoga.EDGE_LEFT, i);
  child.setAspectRatio(1.5);
  root.insertChild(child, i);
}
root.calculateLayout(undefined, undefined, Yoga.DIRECTION_LTR);
for (let i = 0; i < 5; i++) console.log(JSON.stringify(root.getChild(i).getComputedLayout()));
